"""Tests of report_cli.report.html."""
