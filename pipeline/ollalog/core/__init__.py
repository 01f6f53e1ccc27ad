"""What every stage rests on: values, tables, errors, clock."""
