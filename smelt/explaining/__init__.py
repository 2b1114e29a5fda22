"""The way of one document through the stages, from its row in each artifact; nothing is computed that was not decided.

Documents are found by a scan of the small columns of ``ingest``; every later artifact has the same rows in the same
order, so one row group of each is all that is read. Only the blocks have to be searched again.
"""
