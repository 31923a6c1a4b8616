"""Attacks on a server of one's own, each a function: what must hold in a room of strangers.

`registry` has the decorator that makes a function an attack, `target` the server that is attacked,
`visitor` a client without a browser. Every other module holds the attacks of one kind; one that is
added here is found by itself.

Imports: code, core, core.images, core.lab, core.uploads, core.voting, server, tools, ui.
"""
