DROP TABLE schema_floor;
DROP TABLE usage_counts;
