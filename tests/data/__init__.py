"""Tests of report_cli.data."""
