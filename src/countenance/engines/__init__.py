"""Where stages run: on this machine, in threads, or in a child process with limits."""
