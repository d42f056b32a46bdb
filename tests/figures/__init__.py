"""Tests of report_cli.figures."""
