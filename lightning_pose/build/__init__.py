"""The only rooms where a configuration becomes objects.

Each is entered by itself: who predicts needs none of the libraries that training needs.
"""
