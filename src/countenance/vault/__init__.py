"""
Bytes at rest: keys, seals, and the files of a library.

Every file of the data folder is opened here.
"""
