"""Tests of report_cli.report.text."""
