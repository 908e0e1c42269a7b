"""Structured logs: one event a line, with the job's id; never a message's content, never a secret."""

import logging
import sys

import structlog

from bot.settings import Settings


def configure_logs(settings: Settings, *, quiet: bool = False) -> None:
    """Send the log of this process, and the warnings of the libraries it uses, to standard error.

    Args:
        settings: of this process.
        quiet: for commands that say by themselves what went wrong: only who debugs wants the log beside it.
    """
    level = (
        logging.CRITICAL if quiet and settings.log_level != "debug" else getattr(logging, settings.log_level.upper())
    )
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    # Libraries tell their own story below warning; some of them would write message contents there.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
