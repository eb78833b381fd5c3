DROP TABLE grants_taken_back;
