"""The preview that follows every edit."""
