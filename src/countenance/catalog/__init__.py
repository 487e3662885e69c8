"""The database: tables, migrations, one module a subject, and the unit of work."""
