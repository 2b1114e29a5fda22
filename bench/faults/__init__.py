"""What fails in chaos: processes, the disk, the clock, calls inside Ray; and when each has its turn."""
