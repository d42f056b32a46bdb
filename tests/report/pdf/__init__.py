"""Tests of report_cli.report.pdf."""
