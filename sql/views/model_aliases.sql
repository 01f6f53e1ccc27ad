-- [view]
-- purpose = "the name that views show for each name of a model: that of its file, when the name always was of the same file"
-- grain   = ["name"]
-- needs   = ["model_names"]
-- keep    = true
-- [columns]
-- name  = "a name that a model was loaded or run by"
-- model = "the name that views show"
SELECT
  name,
  any_value(model) AS model
FROM model_names
GROUP BY name
HAVING count(*) = 1
ORDER BY name
