"""Results as the viewer reads them: what there is of a session, its numbers a window or a column at a time.

Nothing here knows HTTP or a page. Tables of an hour are a gigabyte of text, so none is ever read whole into
this process: windows of frames are cut out of the text, columns come from a copy in binary (`cache`), which
another process makes (`build`) and which may be deleted at any time.
"""
