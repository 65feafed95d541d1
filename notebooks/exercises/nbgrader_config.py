import os

c = get_config()  # noqa: F821, nbgrader brings it
c.CourseDirectory.course_id = "lisbon"
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.ClearSolutions.text_stub = "Write your answer here."
c.ExecutePreprocessor.timeout = 600
# Whatever Python runs nbgrader, notebooks run in the one that Lisbon is installed in: jupyter/ has its kernel.
os.environ["JUPYTER_PATH"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jupyter")
