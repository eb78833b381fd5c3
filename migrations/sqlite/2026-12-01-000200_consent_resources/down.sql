DROP TABLE consent_resources;
