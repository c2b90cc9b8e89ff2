"""The commands of `raiden` that are none of Lightning's, one file each."""
