"""The form as an app in a browser, without a notebook: ``stripe-reports app``.

page.py      the page, which is a notebook of a few cells
functions.py what functions of the user's file return, below the form
examples/    such a file, used with --demo; it is not a part of the package
server.py    Voilà, on loopback, with a token, and without other hosts; it uses template/
"""
