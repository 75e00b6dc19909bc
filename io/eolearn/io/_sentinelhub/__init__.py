"""What the tasks of Sentinel Hub are made of: credentials, requests and retries, the cache, the search, the joining."""
