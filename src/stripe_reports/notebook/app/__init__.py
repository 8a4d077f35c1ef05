"""The form as an app in a browser, without a notebook: ``stripe-reports app``.

page.py      the page, which is a notebook of two cells
server.py    Voilà, on loopback, with a token, and without other hosts; it uses template/
"""
