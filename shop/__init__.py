"""Pult: a back office over many e-shops.

Domains in reading order, which is also the order of imports:

    audit                       who did what
    settings                    what operators may turn while Pult runs
    shops  staff                whose data it is, and who may look
    products  customers  orders what is sold, to whom
    analytics                   what it means
    snapshots                   how it arrives

Inside a domain: models, queries, forms, work files, jobs, views; imports point down that ladder.
Around them stands the foundation (config, db, errors, locks, queues, listing, formatting, platforms, local, simulator),
which knows no domain. `factory.py` puts it all together, and `demo` plays with all of it.
"""
