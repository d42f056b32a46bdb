"""Tests of report_cli.datasets."""
