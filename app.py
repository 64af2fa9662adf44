"""Assembles the service: every domain's routes on one Chalice application."""

import gc

gc.disable()  # what is imported stays: looking for garbage in it would cost a tenth of the cold start

from chalicelib.accounts.routes import routes as accounts
from chalicelib.channels.bulk_routes import routes as bulk_channels
from chalicelib.channels.routes import routes as channels
from chalicelib.ext.routes import routes as ext
from chalicelib.http.app import App
from chalicelib.http.dispatch import mount
from chalicelib.origins.routes import routes as origins
from chalicelib.packages.routes import routes as packages
from chalicelib.packages.settings_routes import routes as package_settings
from chalicelib.platform.routes import routes as platform
from chalicelib.uploads.routes import routes as uploads

DOMAINS = (platform, accounts, origins, packages, package_settings, channels, bulk_channels, uploads, ext)

app = App("bldr")
mount(app, DOMAINS)

gc.freeze()
gc.enable()
