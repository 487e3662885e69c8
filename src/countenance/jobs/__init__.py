"""What runs by itself beside a server: folders watched, sources scanned, cases carried on."""
