"""Tests of report_cli.keys."""
