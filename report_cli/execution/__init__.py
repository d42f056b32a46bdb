"""The run wing: turns a specification into a run folder. It never imports the report wing."""
