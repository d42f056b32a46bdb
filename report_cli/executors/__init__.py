"""Where runs are computed: worker processes on this machine."""
