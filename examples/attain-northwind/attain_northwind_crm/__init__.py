"""Attain reads Northwind CRM."""

from attain_plugin_api.contract import Connector
from attain_plugin_api.hooks import hookimpl

from attain_northwind_crm.connector import NorthwindCrmConnector


@hookimpl
def connectors() -> list[Connector]:
    """Hand over the source."""
    return [NorthwindCrmConnector()]
