"""Alembic's entry: runs the migrations on the connection it was handed."""

from alembic import context

from countenance.catalog.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
