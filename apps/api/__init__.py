"""What the browser asks for: our own routes, beside Streamlit's, in the same process.

`routes(desk)` is all of them. Every module holds plain functions of an open project and a call; they run in
threads, so that reading a disk holds nobody up.
"""
