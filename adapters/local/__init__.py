"""The embedded models, each warm in a worker process, behind the same Gateway port as a remote one."""
