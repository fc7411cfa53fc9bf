"""Engine, transactions, tables, look-ups, bulk writes, migrations, backups."""
