-- How the release whose newest schema change is 2026-11-25-000000_usage counts: the statements that
-- its store sends, with their values, each reading once. What a release did is not edited later.

INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'authorization_code', 'granted', 1000000007) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'authorization_code', 'refused', 2000000014) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'authorization_code', 'failed', 3000000021) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'refresh_token', 'granted', 4000000028) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'refresh_token', 'refused', 5000000035) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'refresh_token', 'failed', 6000000042) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'device_code', 'granted', 7000000049) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'device_code', 'refused', 8000000056) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'device_code', 'failed', 9000000063) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'other', 'granted', 10000000070) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20775, 'other', 'refused', 11000000077) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
INSERT INTO `usage_counts` (`day`, `grant_type`, `outcome`, `count`) VALUES (20776, 'other', 'failed', 12000000084) ON CONFLICT (`day`, `grant_type`, `outcome`) DO UPDATE SET `count` = (`usage_counts`.`count` + excluded.`count`);
DELETE FROM usage_counts WHERE (day, grant_type, outcome) IN ( SELECT day, grant_type, outcome FROM usage_counts WHERE day < 0 / 86400000000 LIMIT 10);
