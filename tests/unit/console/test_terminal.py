WARNING = """\
Warning: the registry's admin user is on
Next: mlflow-azure deploy --identity
"""
WIDE = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg             unchanged
  ✓ container registry  mlflow3f9a1c02        created          10 s
  ✓ App Service plan    mlflowappserviceplan  created         6.1 s
  ✓ image               mlflowimage:latest    replaced   1 min 38 s
  ✓ web app             mlflow-3f9a1c02       updated          25 s
  ✓ health              mlflow-3f9a1c02       checked          31 s
"""
NARROW = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg      unchanged
  ✓ container registry  mlflow3f9a1…   created          10 s
  ✓ App Service plan    mlflowapps…    created         6.1 s
"""
FAILED = f"""\
{WARNING}\
  ✓ resource group      mlflow-rg             unchanged
  ✓ container registry  mlflow3f9a1c02        created          10 s
  ✓ App Service plan    mlflowappserviceplan  created         6.1 s
  ✓ image               mlflowimage:latest    replaced   1 min 38 s
  ✗ web app             mlflow-3f9a1c02       failed           23 s
  - health              mlflow-3f9a1c02       skipped    waits for web app

Error: creating web app mlflow-3f9a1c02: the name is taken
Next: choose another: --web-app-name NAME
"""


def test_a_deploy_ends_with_every_step_on_the_screen(terminal, steps):
    screen = terminal(100, 30)
    screen.console().watch(steps.deploy())
    screen.hang_up()
    assert screen.shown == WIDE


def test_a_failed_deploy_ends_with_the_failure_and_its_error(terminal, steps, name_taken):
    screen = terminal(100, 30)
    console = screen.console()
    console.watch(steps.failed_deploy())
    console.failure("deploy", name_taken)
    screen.hang_up()
    assert screen.shown == FAILED
    assert screen.colour("✗ web app", "✗") == "red"
    assert screen.colour("Error:", "Error:") == "red"
