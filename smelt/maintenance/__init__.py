"""Looking after the lake: what may go, whether what stays is whole, and uploads that nobody will finish."""
