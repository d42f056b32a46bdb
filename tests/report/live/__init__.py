"""Tests of report_cli.report.live."""
