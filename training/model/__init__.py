"""The model: Megatron's parts, our attention and kernels, the loss, the optimizer, the processes they run in."""
