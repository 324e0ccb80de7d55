"""HTTP API of forms: for administrators, and for the sites that send them."""

from fastapi import APIRouter

from services.leads.form.http.forms import form_routes
from services.leads.form.http.inbound import Inbound, inbound_routes


def build_router(inbound: Inbound) -> APIRouter:
    """Build the endpoints."""
    api = APIRouter()
    api.include_router(form_routes(inbound.forms, inbound.views, inbound.collaborators))
    api.include_router(inbound_routes(inbound))
    return api
