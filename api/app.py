"""The HTTP application: GraphQL, the explorer, and what an operator asks."""

from __future__ import annotations

from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan

from api.admission import Admission
from api.context import Runtime
from api.disclosure import Introspection
from api.documents import OPEN, DocumentRules
from api.doorway import Doorway, frame_error
from api.hooks import hook_routes
from api.meters import MEDIA_TYPE
from api.operating import Attended, Operating, read_condition
from api.schema import Schema, build_schema
from api.scim import scim_routes
from api.sign_in import sign_in_routes
from api.socket import SocketDoor, SocketRules
from api.view import GraphQLView, on_this_machine

_STATIC = Path(__file__).parent / "static"
_THREADS = 8  # as many as the database pool has connections


def build_app(
    runtime: Runtime,
    schema: Schema | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    documents: DocumentRules = OPEN,
    operating: Operating | None = None,
    admission: Admission | None = None,
    sockets: SocketRules | None = None,
    introspection: Introspection = Introspection.OPEN,
) -> Starlette:
    """Build the application for one runtime; ``lifespan`` is what lives as long as it does."""
    threads = CapacityLimiter(_THREADS)
    operated = operating or Operating()
    served = schema or build_schema()
    admitted = admission or Admission()
    view = GraphQLView(served, runtime, threads, documents, operated, admitted)
    view.introspection = introspection

    async def explorer(_request: Request) -> Response:
        return FileResponse(_STATIC / "explorer.html")

    async def home(_request: Request) -> Response:
        return RedirectResponse("/explorer")

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def readyz(_request: Request) -> Response:
        ready = await to_thread.run_sync(runtime.ready, limiter=threads)
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def metrics(request: Request) -> Response:
        if not (operated.shows_metrics_to_all or on_this_machine(request)):
            return JSONResponse({"metrics": "on this machine only"}, status_code=403)
        condition = await to_thread.run_sync(
            read_condition, runtime, operated.deadline_seconds, limiter=threads
        )
        text = operated.meters.text(condition, operated.buckets, served.plans.counts)
        return Response(text, media_type=None, headers={"content-type": MEDIA_TYPE})

    async def broken(request: Request, error: Exception) -> Response:
        return frame_error(request, runtime, error)

    app = Starlette(
        lifespan=lifespan,
        exception_handlers={HTTPException: broken, Exception: broken},
        routes=[
            Route("/graphql", Attended(view, operated)),
            WebSocketRoute("/graphql", SocketDoor(view, admitted, sockets or SocketRules())),
            Route("/explorer", explorer),
            Route("/", home),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *sign_in_routes(runtime, operated),
            *hook_routes(runtime),
            *scim_routes(runtime, operated),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
    )
    app.state.hub, app.state.admission = view.hub, admitted
    app.add_middleware(Doorway, runtime=runtime)
    return app
