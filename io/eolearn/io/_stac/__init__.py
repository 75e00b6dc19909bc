"""What STACInputTask is made of: where items come from, what may be read, what the numbers mean, and the reading."""
