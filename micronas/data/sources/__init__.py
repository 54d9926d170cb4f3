"""Data sources: what reads files of users, the data sets that come with the package, and collections."""
