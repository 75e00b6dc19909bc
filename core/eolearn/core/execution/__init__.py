"""What the executor is made of: engines that run a function over many tasks, worker processes, log files."""
