"""Tests of report_cli.execution."""
