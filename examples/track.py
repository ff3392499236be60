"""A data scientist's day: log a run, register its model, load it back and predict.

Needs MLFLOW_TRACKING_URI and, where the server asks for them, MLFLOW_TRACKING_USERNAME and
MLFLOW_TRACKING_PASSWORD; no credential of Azure, because the server passes artifacts on.

    pip install mlflow==2.22.0 'sqlalchemy<2.1' scikit-learn matplotlib
    eval "$(gen client --env prod)"
    python examples/track.py
"""

import matplotlib.pyplot as plt
import mlflow
import sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

EXPERIMENT = "example"
MODEL = "example-iris"

features, species = load_iris(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features, species, random_state=0)

mlflow.set_experiment(EXPERIMENT)
with mlflow.start_run() as run:
    mlflow.log_param("max_iter", 200)
    model = LogisticRegression(max_iter=200).fit(train_x, train_y)
    for rows in range(30, len(train_x), 20):
        partial = LogisticRegression(max_iter=200).fit(train_x[:rows], train_y[:rows])
        mlflow.log_metric("accuracy", partial.score(test_x, test_y), step=rows)
    mlflow.log_text("rows = flowers, columns = centimetres\n", "data/about.txt")

    figure, axes = plt.subplots()
    axes.scatter(test_x[:, 2], test_x[:, 3], c=model.predict(test_x))
    axes.set(xlabel="petal length", ylabel="petal width")
    mlflow.log_figure(figure, "petals.png")
    plt.close(figure)

    logged = mlflow.sklearn.log_model(
        model,
        artifact_path="model",
        signature=infer_signature(train_x, model.predict(train_x)),
        # Named, or MLflow starts a second Python to find out what the model imports.
        pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        registered_model_name=MODEL,
    )

version = logged.registered_model_version
loaded = mlflow.sklearn.load_model(f"models:/{MODEL}/{version}")
print(f"run {run.info.run_id}, {MODEL} version {version}")
print(f"accuracy {loaded.score(test_x, test_y):.2f}, predicts {loaded.predict(test_x[:5])}")
