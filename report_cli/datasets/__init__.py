"""Where pictures and tables come from: declared sets, found, read, split and normalised."""
