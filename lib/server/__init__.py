"""What stands between the network and Streamlit: who may ask, how much, and with which headers.

What a page sends to its browser leaves in the order in which it was made.

`app.py` hands `start.middleware` and `start.lifespan` to Streamlit's own `App`, which is how
Streamlit lets an application add to its server. A page never imports from here.
"""
