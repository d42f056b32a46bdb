"""Tests of report_cli.store."""
