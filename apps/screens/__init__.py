"""The pages of the viewer; each is a function that draws itself for the folder's contents.

Not named `pages`: Streamlit would run the files of a folder of that name as scripts.
"""
